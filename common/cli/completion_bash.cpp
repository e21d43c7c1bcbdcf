// One function. It walks over the words before the cursor to find which command it is in (values of options are no
// commands), then offers: values of the option before the cursor, else options, commands and files.
#include "common/cli/program.hpp"
#include "common/text/text.hpp"

namespace ingot::cli {

namespace {

std::string identifier(const std::string& name) { return text::replace_all(name, "-", "_"); }

} // namespace

std::string render_bash(const Command& program) {
    std::string commands;
    std::string values;
    std::string words;
    for (const auto& [path, command] : places(program)) {
        for (const auto& below : command->commands) {
            commands += text::format("      '{} {}') path='{} {}' ;;\n", path, below.name, path, below.name);
        }
        std::vector<std::string> offered;
        for (const auto& below : command->commands) { offered.push_back(below.name); }
        std::string files = command->positionals.empty() ? "" : "files";
        for (const auto& positional : command->positionals) {
            if (positional.choices.empty()) { continue; }
            offered.insert(offered.end(), positional.choices.begin(), positional.choices.end());
            files.clear();
        }
        for (const auto& option : command->options) {
            offered.insert(offered.end(), option.names.begin(), option.names.end());
            if (!option.takes_value) { continue; }
            std::vector<std::string> cases;
            for (const auto& name : option.names) { cases.push_back(text::format("'{} {}'", path, name)); }
            values += text::format("    {}) choices='{}'; return 0 ;;\n", text::join(cases, " | "),
                                   text::join(option.choices, " "));
        }
        words += text::format("    '{}') words='{}' files='{}' ;;\n", path, text::join(offered, " "), files);
    }
    return text::format(R"(# bash completion for {0}: `{0} completion bash`
# shellcheck shell=bash
# Is option $2 of command $1 one that takes a value? Which ones, if they are known, comes in `choices`.
_{1}_value() {{
  choices=
  case "$1 $2" in
{3}  esac
  return 1
}}
_{1}() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} path='{0}' word='' index=1 words='' files='' choices='' option=''
  COMPREPLY=()
  while [ "$index" -lt "$COMP_CWORD" ]; do
    word=${{COMP_WORDS[index]}}
    index=$((index + 1))
    if _{1}_value "$path" "$word"; then
      if [ "${{COMP_WORDS[index]}}" = '=' ]; then index=$((index + 1)); fi
      if [ "$index" -ge "$COMP_CWORD" ]; then option=$word; fi
      index=$((index + 1))
      continue
    fi
    case "$path $word" in
{2}    esac
  done
  if [ "$cur" = '=' ]; then cur=''; fi
  if [ -n "$option" ]; then
    _{1}_value "$path" "$option"
    if [ -n "$choices" ]; then
      mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
    else
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
    return
  fi
  case "$path" in
{4}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if [ -n "$files" ] && [ "${{cur#-}}" = "$cur" ]; then
    compopt -o filenames 2>/dev/null
    local found
    mapfile -t found < <(compgen -f -- "$cur")
    COMPREPLY+=("${{found[@]}}")
  fi
}}
complete -F _{1} {0}
)",
                        program.name, identifier(program.name), commands, values, words);
}

} // namespace ingot::cli
