// libarchive's handles, freed by themselves.
#pragma once

#include <memory>

#include <archive.h>

namespace ingot::archive {

struct FreeReader {
    void operator()(::archive* handle) const noexcept { archive_read_free(handle); }
};
using Reader = std::unique_ptr<::archive, FreeReader>;

} // namespace ingot::archive
