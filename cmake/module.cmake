# ingot_module(common/http SOURCES http.cpp USES common/result LIBRARIES CURL::libcurl)
#
# One folder is one static library. USES are the only modules its files may include from; the list is
# written to edges.txt, which tests/unit/architecture_test.cpp holds against the #include lines.
set_property(GLOBAL PROPERTY INGOT_EDGES "")

# Most of what a compiler does here is to read headers: the files of a target are compiled several at a time, which takes
# a third of the time. So names in the unnamed namespaces of one target differ; a target that cannot do that says APART
# (files of one pattern; a base class of a private Impl). -DINGOT_FILES_AT_ONCE=1 compiles each by itself.
set(INGOT_FILES_AT_ONCE 8 CACHE STRING "How many files of a target are compiled as one")
function(ingot_batch target apart)
  get_target_property(sources ${target} SOURCES)
  list(LENGTH sources count)
  if(INGOT_FILES_AT_ONCE GREATER 1 AND count GREATER 1 AND NOT apart)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${INGOT_FILES_AT_ONCE})
  endif()
endfunction()

function(ingot_target_name out module)
  string(REPLACE "/" "_" name "ingot_${module}")
  string(REPLACE "-" "_" name "${name}")
  set(${out} ${name} PARENT_SCOPE)
endfunction()

function(ingot_module module)
  cmake_parse_arguments(ARG "APART" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  ingot_target_name(target ${module})
  add_library(${target} STATIC ${ARG_SOURCES})
  ingot_batch(${target} ${ARG_APART})
  target_link_libraries(${target} PUBLIC ingot_settings PRIVATE ingot_warnings ${ARG_LIBRARIES})
  foreach(used IN LISTS ARG_USES)
    ingot_target_name(used_target ${used})
    target_link_libraries(${target} PUBLIC ${used_target})
  endforeach()
  string(REPLACE ";" " " uses "${ARG_USES}")
  set_property(GLOBAL APPEND PROPERTY INGOT_EDGES "${module}: ${uses}")
endfunction()

# ingot_program(ingot SOURCES main.cpp USES builder/cli): an executable in build/bin.
function(ingot_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ingot_settings ingot_warnings ${ARG_LIBRARIES})
  foreach(used IN LISTS ARG_USES)
    ingot_target_name(used_target ${used})
    target_link_libraries(${name} PRIVATE ${used_target})
  endforeach()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${INGOT_BIN_DIR})
endfunction()

# ingot_tests(unit_common SOURCES … USES …): a GoogleTest binary, registered with CTest under its label.
function(ingot_tests name)
  cmake_parse_arguments(ARG "APART" "LABEL" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  ingot_batch(${name} ${ARG_APART})
  target_link_libraries(${name} PRIVATE ingot_settings ingot_warnings GTest::gtest GTest::gmock GTest::gtest_main ingot_tests_places)
  foreach(used IN LISTS ARG_USES)
    ingot_target_name(used_target ${used})
    target_link_libraries(${name} PRIVATE ${used_target})
  endforeach()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}")
endfunction()

function(ingot_write_edges)
  get_property(edges GLOBAL PROPERTY INGOT_EDGES)
  string(REPLACE ";" "\n" text "${edges}")
  file(WRITE ${CMAKE_BINARY_DIR}/edges.txt "${text}\n")
endfunction()
