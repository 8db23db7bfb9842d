// What may go wrong with a request to the S3 service in the process.
#pragma once

#include <string>

#include "blobs/s3/test_s3_double.h"

namespace coffer::blobs::s3::test {

inline S3Double::Fault answers(unsigned status, std::string code, std::string fields = {}) {
  return [=](const ServedRequest&, const ServedConnection& to, bool& keep) {
    to.reply(status, "<Error><Code>" + code + "</Code></Error>", fields);
    keep = true;
    return true;
  };
}
inline S3Double::Fault says(std::string text) {
  return [=](const ServedRequest&, const ServedConnection& to, bool&) {
    to.send(text);
    return true;
  };
}
inline S3Double::Fault resets() {
  return [](const ServedRequest&, const ServedConnection& to, bool&) {
    to.reset();
    return true;
  };
}
// As it should be.
inline S3Double::Fault none() {
  return [](const ServedRequest&, const ServedConnection&, bool&) { return false; };
}

}  // namespace coffer::blobs::s3::test
