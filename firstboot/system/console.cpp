#include "firstboot/system/console.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "common/text/text.hpp"

namespace ingot::firstboot {

std::string console_record(std::string_view line) {
    constexpr std::size_t kLongest = 800; // the kernel cuts a little later
    auto text = text::replace_all(std::string(line), "\n", "; ");
    if (text.size() > kLongest) { text = text.substr(0, kLongest) + "…"; }
    return "<4>ingot: " + text + "\n"; // a warning: above what a console leaves out
}

void Console::say(std::string_view line) {
    // What differs in numbers only (how long a connection took) is no news.
    std::string gist(line);
    std::erase_if(gist, [](char letter) { return letter >= '0' && letter <= '9'; });
    if (gist == last_) { return; }
    last_ = std::move(gist);
    const files::Fd log(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!log.valid()) { return; }
    const auto record = console_record(line);
    // It is a courtesy: the journal has the same.
    static_cast<void>(::write(log.get(), record.data(), record.size()) < 0);
}

} // namespace ingot::firstboot
