#include "http/curl.h"

#include <curl/curl.h>

#include <stdexcept>

namespace coffer::http {

void begin_curl() {
  static const CURLcode begun = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (begun != CURLE_OK) throw std::runtime_error("libcurl cannot be initialized");
}

}  // namespace coffer::http
