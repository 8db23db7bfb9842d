#include "client/pending_uploads.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "base/entropy.h"
#include "client/error.h"
#include "client/private_file.h"
#include "client/session.h"

namespace coffer::client {
namespace {

using boost::json::array;
using boost::json::object;

constexpr std::chrono::hours kKept{23};
constexpr std::size_t kKeyLength = 32;
constexpr std::string_view kKeyAlphabet = "0123456789abcdef";

bool is_kept(const boost::json::value& value, Time now) {
  const auto* upload = value.if_object();
  const auto begun = upload ? from_iso8601(text_member(*upload, "begun")) : std::nullopt;
  return begun && *begun <= now && now - *begun < kKept;
}

// The uploads of the file that are not too old. What cannot be read holds none.
array load(const std::filesystem::path& path, Time now) {
  boost::system::error_code failed;
  const boost::json::value all = boost::json::parse(read_file(path).value_or("[]"), failed);
  array kept;
  if (failed || !all.is_array()) return kept;
  for (const auto& upload : all.get_array()) {
    if (is_kept(upload, now)) kept.push_back(upload);
  }
  return kept;
}

// Has `change` change the uploads of the file, unless nothing can be written there.
void update(const std::filesystem::path& path, Time now,
            const std::function<void(array& uploads)>& change) {
  try {
    std::filesystem::path lock = path;
    lock += ".lock";
    const Descriptor held = lock_file(lock);
    array uploads = load(path, now);
    change(uploads);
    replace_file(path, boost::json::serialize(uploads) + "\n");
  } catch (const Error&) {
    // The upload itself does not need it; the header says what is missed.
  }
}

}  // namespace

std::string PendingUploads::key_of(const std::string& what, Time now) {
  std::string key = random_text(system_entropy(), kKeyLength, kKeyAlphabet);
  update(path_, now, [&](array& uploads) {
    for (const auto& upload : uploads) {
      if (text_member(upload.get_object(), "upload") != what) continue;
      key = text_member(upload.get_object(), "key");
      return;
    }
    uploads.push_back(object{{"upload", what}, {"key", key}, {"begun", to_iso8601(now)}});
  });
  return key;
}

void PendingUploads::forget(const std::string& key, Time now) {
  update(path_, now, [&key](array& uploads) {
    for (auto upload = uploads.begin(); upload != uploads.end(); ++upload) {
      if (text_member(upload->get_object(), "key") != key) continue;
      uploads.erase(upload);
      return;
    }
  });
}

}  // namespace coffer::client
