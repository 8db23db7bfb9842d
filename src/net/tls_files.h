#pragma once

#include <string>

namespace coffer::net {

// Where a server's certificate and key are.
struct TlsFiles {
  std::string certificate;  // PEM, the chain with the server's own first
  std::string key;          // PEM
};

}  // namespace coffer::net
