// Compiled by CTest, never linked: a dropped Result has to be an error of the compiler, a used one not.
#include "common/result/result.hpp"

namespace {

ingot::Status write_it() { return {}; }
ingot::Result<int> count_it() { return 1; }

} // namespace

int main() {
#ifdef INGOT_DROP_STATUS
    write_it();
#elif defined(INGOT_DROP_VALUE)
    count_it();
#else
    return write_it() && count_it() ? 0 : 1;
#endif
}
