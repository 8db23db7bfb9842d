#include "http/easy_handle.h"

#include <new>

namespace coffer::http {

EasyHandle::EasyHandle(const std::string& user_agent) : easy_(curl_easy_init()) {
  if (!easy_) throw std::bad_alloc();
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_NOSIGNAL, 1L);
  // A name whose look-up hangs is left to its thread, not waited for.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_USERAGENT, user_agent.c_str());
}

void EasyHandle::add_field(const std::string& line) {
  curl_slist* longer = curl_slist_append(fields_.get(), line.c_str());
  if (!longer) throw std::bad_alloc();
  (void)fields_.release();
  fields_.reset(longer);
}

}  // namespace coffer::http
