// SPDX-License-Identifier: Apache-2.0
#include "session/agent_session.h"

#include <gtest/gtest.h>
