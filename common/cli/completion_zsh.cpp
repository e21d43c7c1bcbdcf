// The same walk as for bash, with zsh's words and descriptions.
#include "common/cli/program.hpp"
#include "common/text/text.hpp"

namespace ingot::cli {

namespace {

/// 'name:what it does' as _describe takes it, in single quotes.
std::string item(const std::string& name, const std::string& help) {
    auto text = text::replace_all(name, ":", "\\:") + ":" + help;
    return "'" + text::replace_all(std::move(text), "'", "'\\''") + "'";
}

} // namespace

std::string render_zsh(const Command& program) {
    std::string commands;
    std::string values;
    std::string offers;
    for (const auto& [path, command] : places(program)) {
        std::string list;
        bool files = !command->positionals.empty();
        for (const auto& below : command->commands) {
            commands += text::format("      '{} {}') place='{} {}' ;;\n", path, below.name, path, below.name);
            list += " " + item(below.name, below.help);
        }
        for (const auto& positional : command->positionals) {
            for (const auto& choice : positional.choices) { list += " " + item(choice, positional.help); }
            files = files && positional.choices.empty();
        }
        for (const auto& option : command->options) {
            for (const auto& name : option.names) {
                list += " " + item(name, option.help);
                if (!option.takes_value) { continue; }
                values += text::format("    '{} {}') choices=({}); return 0 ;;\n", path, name,
                                       text::join(option.choices, " "));
            }
        }
        offers += text::format("    '{}') offered=({}); files={} ;;\n", path, list, files ? "yes" : "''");
    }
    const auto name = text::replace_all(program.name, "-", "_");
    return text::format(R"(#compdef {0}
# zsh completion for {0}: `{0} completion zsh`
_{1}_value() {{
  choices=()
  case "$1 $2" in
{3}  esac
  return 1
}}
_{1}() {{
  local place='{0}' word option='' files=''
  local -i index=2
  local -a offered choices
  while (( index < CURRENT )); do
    word=${{words[index]}}
    (( index++ ))
    if _{1}_value "$place" "$word"; then
      if (( index >= CURRENT )); then option=$word; fi
      (( index++ ))
      continue
    fi
    case "$place $word" in
{2}    esac
  done
  if [[ -n $option ]]; then
    _{1}_value "$place" "$option"
    if (( $#choices )); then compadd -a choices; else _files; fi
    return
  fi
  case "$place" in
{4}  esac
  _describe -o 'command or option' offered
  if [[ -n $files ]]; then _files; fi
}}
if [ "$funcstack[1]" = "_{1}" ]; then _{1} "$@"; else compdef _{1} {0}; fi
)",
                        program.name, name, commands, values, offers);
}

} // namespace ingot::cli
