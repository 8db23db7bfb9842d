#include "db/dialect.h"

#include <fmt/format.h>

#include "db/transaction.h"

namespace coffer::db {

std::string in_dialect(const Dialect& dialect, const char* sql) {
  try {
    return fmt::format(
        fmt::runtime(sql), fmt::arg("integer", dialect.integer), fmt::arg("real", dialect.real),
        fmt::arg("text", dialect.text), fmt::arg("bytes", dialect.bytes),
        fmt::arg("key", dialect.key), fmt::arg("options", dialect.options),
        fmt::arg("clustered", dialect.clustered), fmt::arg("index_table", dialect.index_table),
        fmt::arg("words_index", dialect.words_index));
  } catch (const fmt::format_error& error) {
    throw Error(fmt::format("the words in braces cannot be filled in: {}", error.what()));
  }
}

}  // namespace coffer::db
