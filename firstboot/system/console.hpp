// The machine's consoles, all of them (screen and serial): where a person looks at a node that nobody can log in to.
#pragma once

#include <string>
#include <string_view>

#include "common/files/files.hpp"

namespace ingot::firstboot {

/// Says what the node does by the kernel's log, which is shown on every console. Says nothing twice in a row; in a
/// container, which has no console of its own, nothing at all.
class Console {
  public:
    explicit Console(const files::Root& root) : path_(root.at("/dev/kmsg")) {}
    void say(std::string_view line);

  private:
    std::filesystem::path path_;
    std::string last_;
};

/// The line as the kernel takes it: one line, not too long, of a level that is shown. Pure.
std::string console_record(std::string_view line);

} // namespace ingot::firstboot
