// One request of libcurl's, set up as every client of this module wants it.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace coffer::http {

// Owns the handle and what libcurl borrows with it. Threads: one at a time.
class EasyHandle {
 public:
  // HTTP/1.1, to http and https alone; certificates are verified, redirects not followed, no proxy
  // and no environment variable is looked at. Throws std::bad_alloc, std::runtime_error.
  explicit EasyHandle(const std::string& user_agent);
  EasyHandle(const EasyHandle&) = delete;
  EasyHandle& operator=(const EasyHandle&) = delete;

  CURL* get() const noexcept { return easy_.get(); }

  // Throws std::runtime_error where this libcurl does not have it.
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(easy_.get(), option, value) != CURLE_OK) {
      throw std::runtime_error("libcurl lacks an option");
    }
  }
  // A line of the request's head, `Name: value`. Throws std::bad_alloc.
  void add_field(const std::string& line);
  // Sends those that were added.
  void set_fields() { set(CURLOPT_HTTPHEADER, fields_.get()); }

 private:
  struct FreeEasy {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  std::unique_ptr<curl_slist, FreeList> fields_;
  std::unique_ptr<CURL, FreeEasy> easy_;  // last: it refers to the other
};

}  // namespace coffer::http
