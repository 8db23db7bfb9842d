// The words that engines spell differently in the definition of a table, so that one text of a
// schema serves them all. In statements there are none.
#pragma once

#include <string>
#include <string_view>

namespace coffer::db {

// What a driver puts in place of the words in braces of a migration (Migration, database.h).
struct Dialect {
  std::string_view integer;    // of 64 bits
  std::string_view real;       // of 64 bits
  std::string_view text;       // UTF-8, compared bytewise
  std::string_view bytes;      // any
  std::string_view key;        // a whole column but for its name: type, primary key, numbering
  std::string_view options;    // behind the columns of a table, with a space before; may be empty
  std::string_view clustered;  // the same of a table that is kept in the order of its primary key
  // Around the name of a table with a column `words`, in which texts are found by their words: a
  // word consists of lower-case letters, digits and characters beyond ASCII. Its rows are numbered
  // by whoever inserts them.
  std::string_view index_table;
  std::string_view words_index;
};

// `sql` in the words of `dialect`. A brace that stands for itself is doubled. Throws Error for
// words that are none of the above.
std::string in_dialect(const Dialect& dialect, const char* sql);

}  // namespace coffer::db
