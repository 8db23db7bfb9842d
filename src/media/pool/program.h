// Where coffer-media is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coffer::media {

// The worker that belongs to the program at `own_path`: in the same folder, as it is built, or in
// `../libexec/coffer` of that folder, as it is installed. Nothing where neither can be executed.
std::optional<std::string> find_worker_program(std::string_view own_path);
// That of the running program.
std::optional<std::string> find_worker_program();

}  // namespace coffer::media
