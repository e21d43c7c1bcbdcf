// Users of the machine: made if missing, brought to what the user-data says if there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/userdata.hpp"
#include "common/result/result.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// `existing` (an authorized_keys file) with those of `keys` added that it lacks.
std::string with_authorized_keys(std::string_view existing, const std::vector<std::string>& keys);

/// The sudoers file for these users; empty if none has a rule.
std::string render_sudoers(const std::vector<cloud_init::User>& users);

/// Gives an existing user these keys, beside those it has.
Status authorize_keys(Environment& environment, const std::string& user, const std::vector<std::string>& keys);

/// Makes or adapts one user with groups, password and keys.
Status apply_user(Environment& environment, const cloud_init::User& user);

/// The users entry "default": debian, administrator without password, with the keys given for it.
cloud_init::User default_user(const std::vector<std::string>& keys);

/// Writes sudo's rules for these users, checked by visudo before they count.
Status apply_sudo(Environment& environment, const std::vector<cloud_init::User>& users);

} // namespace ingot::firstboot
