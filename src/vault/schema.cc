// The schema's migrations. schema.sql, which the build makes a constant of, is the baseline.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "vault/schema_sql.h"
#include "vault/vault.h"

namespace coffer::vault {
namespace {

// FNV-1a of the statements: comments, and how blanks are laid out, do not count.
std::uint32_t fingerprint(std::string_view sql) {
  std::uint32_t hash = 2'166'136'261U;
  const auto add = [&hash](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U; };
  bool is_apart = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql.substr(i, 2) == "--") {
      i = std::min(sql.find('\n', i), sql.size());
      is_apart = true;
    } else if (sql[i] == ' ' || sql[i] == '\n') {
      is_apart = true;
    } else {
      if (is_apart) add(' ');
      is_apart = false;
      add(sql[i]);
    }
  }
  return hash;
}

// Until a release the baseline itself changes; by its name a database of an earlier one is known,
// and refused, before a statement fails on it.
const std::string& baseline_name() {
  static const std::string name = fmt::format("baseline {:08x}", fingerprint(kSchemaSql));
  return name;
}

}  // namespace

std::span<const db::Migration> migrations() {
  static const std::array all{
      db::Migration{.number = 1, .name = baseline_name().c_str(), .sql = kSchemaSql},
  };
  return all;
}

}  // namespace coffer::vault
