// What every blob store must do. A store's test includes this file once and instantiates
// StoreContract, and DigestStoreContract or PlacedStoreContract, with the ways to make one.
#pragma once

#include "blobs/contract/keeping.h"
#include "blobs/contract/places.h"
#include "blobs/contract/writing.h"
