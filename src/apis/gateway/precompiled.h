// What most sources of this module include and is slow to parse.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
