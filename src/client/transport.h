// One request over libcurl, from start to end.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace coffer::client {

struct Reply {
  unsigned status = 0;
  std::map<std::string, std::string> fields = {};  // by names in lower case
  std::string body = {};                           // what no sink took

  // Empty where there is none.
  std::string field(const std::string& name) const;
};

// A form with one file, which is hashed while it is sent; its checksum follows it.
struct FileForm {
  std::filesystem::path path;
  std::string filename;
  std::vector<std::pair<std::string, std::string>> fields = {};
};

// How far a transfer has come, in bytes.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct Request {
  std::string method = "GET";
  std::string url = {};
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string json = {};           // the body; empty: none
  const FileForm* form = nullptr;  // in place of it
  // Takes the body of a reply 200 or 206, of which it gets the head first.
  std::function<void(const Reply& head, ByteView data)> sink = {};
  Progress sent = {};                         // of the file of a form
  std::chrono::milliseconds timeout{30'000};  // of all of it; a file or sink: of standing still
};

// By a connection that an earlier request of the thread has left, if there is one. HTTP/1.1 or 2;
// certificates are verified, redirects are not followed, the proxy of the environment is used.
// Throws ConnectionLost where no whole reply came, Error for a file that cannot be read, and what a
// sink throws.
Reply send(const Request& request);

}  // namespace coffer::client
