// What the body of a request says of an asset.
#pragma once

#include "apis/kit/rest_framework.h"
#include "vault/boxes/assets.h"

namespace coffer::apis::boxes {

// All of it but the box and the file. What is read-only is passed over, as the framework does.
vault::AssetFields asset_fields(RestFields& fields);

// `failure` of a command that was given `fields`: a number that names nothing is told in the
// framework's words.
Problem translate(const vault::Failure& failure, const vault::AssetFields& fields);

}  // namespace coffer::apis::boxes
