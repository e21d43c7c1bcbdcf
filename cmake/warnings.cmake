# Warnings of all own code, as one interface target. Errors only in developer builds (INGOT_WERROR), so that
# a user with a newer compiler can still build. Not -Wsign-conversion: noise.
add_library(ingot_warnings INTERFACE)
target_compile_options(ingot_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast -Wsuggest-override
  -Wimplicit-fallthrough -Wformat=2 -Wno-missing-field-initializers
  -Werror=unused-result) # a dropped Result never compiles
# g++ 12 sees overlapping copies in std::string::replace where there are none (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(ingot_warnings INTERFACE -Wno-restrict)
endif()
if(INGOT_WERROR)
  target_compile_options(ingot_warnings INTERFACE -Werror)
endif()
