// A service elsewhere that cannot be reached, or has no time: it may have later.
#pragma once

namespace coffer {

// A second base of the exceptions that report it, so that whoever answers a request can tell
// "later, please" from a fault of the machine without knowing the module that threw:
// `dynamic_cast<const Unavailable*>(&error)`.
class Unavailable {
 public:
  virtual ~Unavailable() = default;

 protected:
  Unavailable() = default;
  Unavailable(const Unavailable&) = default;
  Unavailable& operator=(const Unavailable&) = default;
};

}  // namespace coffer
