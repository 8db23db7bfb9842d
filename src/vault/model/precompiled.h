// What most sources of the vault include and is slow to parse.
#pragma once

#include <algorithm>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.h"
#include "db/transaction.h"
#include "vault/model/context.h"
#include "vault/model/guarded_database.h"
