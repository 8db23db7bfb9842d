// A line of the log on its way from who says it to the thread that writes it: raw values, quick to
// gather, of which only that thread makes JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace coffer::log {

// Appends a record to `out`. It holds all that it says, and refers to nothing.
void append_record(std::string& out, Time time, Level level, std::string_view event,
                   std::span<const Field> fields);

// Appends what `record` says as a line: a JSON object and a line feed.
// REQUIRES: `record` is one that append_record() made.
void append_line(std::string& out, std::string_view record);

}  // namespace coffer::log
