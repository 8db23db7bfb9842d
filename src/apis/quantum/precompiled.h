// What most sources of this room include and is slow to parse.
#pragma once

#include "apis/common/precompiled.h"
