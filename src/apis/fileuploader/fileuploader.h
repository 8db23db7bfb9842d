// The File Uploader dialect (api/fileuploader.md, contract section 5).
#pragma once

#include <memory>

#include "apis/gateway/dialect.h"

namespace coffer::apis::fileuploader {

std::unique_ptr<Dialect> make();

}  // namespace coffer::apis::fileuploader
