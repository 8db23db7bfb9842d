// The File Uploader dialect (docs/api/fileuploader.md).
#pragma once

#include <memory>

#include "apis/gateway/dialect.h"

namespace coffer::apis::fileuploader {

std::unique_ptr<Dialect> make();

}  // namespace coffer::apis::fileuploader
