// SPDX-License-Identifier: Apache-2.0
#include "session/client_session.h"

#include <gtest/gtest.h>
