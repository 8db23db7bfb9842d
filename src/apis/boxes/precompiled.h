// What most sources of this module include and is slow to parse.
#pragma once

#include "apis/kit/precompiled.h"
