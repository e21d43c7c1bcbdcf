// Which of Ingot's files a text is, and what is wrong with it: what `ingot check` says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ingot::cloud_init {

enum class FileKind { user_data, cluster, secrets, role_spec, unknown };

/// By content: user-data by its first line or its ingot: key, the others by the keys they have.
FileKind recognise(std::string_view text);

struct CheckReport {
    FileKind kind = FileKind::unknown;
    std::vector<std::string> faults{};   ///< "file:line:column: …", in the order of the text
    std::vector<std::string> warnings{}; ///< likewise
};

/// Checks a text by the rules of its kind. A role spec is only read as YAML: its rules are the builder's.
CheckReport check_text(std::string_view text, std::string_view file);

} // namespace ingot::cloud_init
