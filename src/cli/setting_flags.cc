#include "cli/commands.h"

namespace coffer::cli {

SettingFlags::SettingFlags(CLI::App& command, bool all) {
  if (command.get_footer() == kExitCodes) command.footer(kSettingsFooter);
  command.add_option("--config", config_, "TOML file with settings")->type_name("FILE");
  for (const config::SettingInfo& info : config::known_settings()) {
    if (info.is_secret || (!all && info.name != "data")) continue;
    auto& flag = flags_.emplace_back(std::make_unique<Flag>(Flag{std::string(info.name), {}}));
    std::string text(info.description);
    text += " Expected: " + info.expected;
    if (!info.fallback.empty()) text += " [" + std::string(info.fallback) + "]";
    auto* option = command.add_option(info.flag, flag->values, text);
    option->type_name("")->expected(1)->allow_extra_args(false);
    option->multi_option_policy(info.is_list ? CLI::MultiOptionPolicy::TakeAll
                                             : CLI::MultiOptionPolicy::Throw);
    const bool is_main = info.name.find('.') == std::string_view::npos;
    option->group(is_main ? "Settings"
                          : "Settings: " + std::string(info.name.substr(0, info.name.find('.'))));
  }
}

Settings SettingFlags::load() const {
  config::SettingsSources sources;
  sources.file = config_;
  sources.environment = config::process_environment();
  for (const auto& flag : flags_) {
    for (const std::string& value : flag->values) sources.flags.emplace_back(flag->setting, value);
  }
  return config::load_settings(sources);
}

}  // namespace coffer::cli
