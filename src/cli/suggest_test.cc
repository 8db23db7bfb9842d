#include "cli/suggest.h"

#include <gtest/gtest.h>

namespace coffer::cli {
namespace {

TEST(Suggest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words{"create", "delete", "disable",
                                       "list",   "logout", "set-password"};
  EXPECT_EQ(nearest_word("delte", words), "delete");
  EXPECT_EQ(nearest_word("cretae", words), "create");
  EXPECT_EQ(nearest_word("lsit", words), "list");
  EXPECT_EQ(nearest_word("log-out", words), "logout");
  EXPECT_EQ(nearest_word("set_passwrd", words), "set-password");
  EXPECT_EQ(nearest_word("set", words), "set-password");
  EXPECT_EQ(nearest_word("frobnicate", words), std::nullopt);
  EXPECT_EQ(nearest_word("l", words), std::nullopt) << "list or logout";
  EXPECT_EQ(nearest_word("d", words), std::nullopt) << "delete or disable";
  EXPECT_EQ(nearest_word("x", {}), std::nullopt);
}

TEST(Suggest, SaysWhatStandsWhere) {
  CLI::App app("A program", "coffer");
  app.require_subcommand(1);
  auto* user = app.add_subcommand("user", "Accounts");
  user->require_subcommand(1);
  auto* create = user->add_subcommand("create", "Make one");
  std::string name;
  create->add_option("name", name);
  bool is_admin = false;
  create->add_flag("--admin", is_admin);
  int quota = 0;
  create->add_option("--quota", quota)->check(CLI::Range(1, 9));
  const auto explain = [&](const std::string& line) -> std::string {
    try {
      app.parse(line);
    } catch (const CLI::ParseError& error) {
      return explain_mistake(app, error);
    }
    return "fine";
  };
  EXPECT_EQ(explain("usr create ann"), "`coffer` has no command `usr`; did you mean `user`?");
  EXPECT_EQ(explain("user creat ann"),
            "`coffer user` has no command `creat`; did you mean `create`?");
  EXPECT_EQ(explain("user purge ann"), "`coffer user` has no command `purge`; there is: create");
  EXPECT_EQ(explain("user create ann --admni=1"),
            "`coffer user create` has no option `--admni`; did you mean `--admin`?");
  EXPECT_EQ(explain("user create ann bob"),
            "`coffer user create` does not take `bob`; see `coffer user create --help`");
  EXPECT_EQ(explain("user create ann --admin"), "fine");
  EXPECT_EQ(explain("user"), "`coffer user` needs a command; there is: create");
  EXPECT_EQ(explain("user create ann --quota 10"),
            "`coffer user create`: --quota: Value 10 not in range 1 to 9; see `coffer user create"
            " --help`");
}

}  // namespace
}  // namespace coffer::cli
