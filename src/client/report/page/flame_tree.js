// SPDX-License-Identifier: Apache-2.0
// Stacks as one tree in flat arrays: parents before children, so that all sums are one pass. Weights are of some hosts; the
// shape is that of all, so two groups of hosts meet node by node.

export class FlameTree {
  constructor(stacks) {
    const count = stacks.depth.length;
    this.count = count;
    this.depth = Uint16Array.from(stacks.depth);
    this.frame = Uint32Array.from(stacks.frame);
    this.leaf = Uint32Array.from(stacks.leaf);
    this.stacks = stacks;
    this.parent = new Int32Array(count);
    this.end = new Uint32Array(count);  // The node behind the last one below.
    const open = [];
    for (let i = 0; i < count; ++i) {
      const depth = this.depth[i];
      while (open.length > depth) this.end[open.pop()] = i;
      this.parent[i] = depth === 0 ? -1 : open[depth - 1];
      open.push(i);
    }
    for (const node of open) this.end[node] = count;
  }

  name(node) { return this.stacks.name[this.frame[node]]; }
  kind(node) { return this.stacks.kind[this.frame[node]]; }
  module(node) { return this.stacks.modules[this.stacks.module[this.frame[node]]]; }

  /** Sums of `byKey` (a count for each key): self, total and where each node begins, in the same unit. */
  weigh(byKey) {
    const { count, parent } = this;
    const self = new Float64Array(count), total = new Float64Array(count), start = new Float64Array(count);
    for (let key = 0; key < byKey.length; ++key) if (byKey[key] > 0) self[this.leaf[key]] += byKey[key];
    total.set(self);
    let whole = 0;
    for (let i = count - 1; i >= 0; --i) {
      if (parent[i] >= 0) total[parent[i]] += total[i];
      else whole += total[i];
    }
    const next = new Float64Array(count);
    let root = 0;
    const seen = new Uint32Array(count + 1);  // Nodes before this one that weigh something.
    for (let i = 0; i < count; ++i) {
      const up = parent[i];
      start[i] = up >= 0 ? next[up] : root;
      if (up >= 0) next[up] += total[i]; else root += total[i];
      next[i] = start[i];
      seen[i + 1] = seen[i] + (total[i] > 0 ? 1 : 0);
    }
    return { self, total, start, whole, seen };
  }

  /** By frame: itself on top, and anywhere in a stack (once, however often it is in it). */
  frameSums({ self, total }) {
    const frames = this.stacks.name.length;
    const ofSelf = new Float64Array(frames), ofTotal = new Float64Array(frames);
    const insideUntil = new Uint32Array(frames);  // A frame within itself adds nothing.
    for (let i = 0; i < this.count; ++i) {
      const frame = this.frame[i];
      ofSelf[frame] += self[i];
      if (i < insideUntil[frame]) continue;
      ofTotal[frame] += total[i];
      insideUntil[frame] = this.end[i];
    }
    return { self: ofSelf, total: ofTotal };
  }

  /** Sum over the topmost nodes in [begin, end) whose frame is in `frames` (a Uint8Array by frame). */
  matchedTotal(frames, { total }, begin, end) {
    let sum = 0;
    for (let i = begin; i < end;) {
      if (frames[this.frame[i]]) {
        sum += total[i];
        i = this.end[i];
      } else {
        ++i;
      }
    }
    return sum;
  }
}
