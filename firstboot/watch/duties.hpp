// Runs duties, each in its own thread, until the program is to end.
#pragma once

#include <thread>
#include <vector>

#include "firstboot/status/board.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/watch/stop.hpp"

namespace ingot::firstboot {

class Duties {
  public:
    /// Starts them. `board` and `stop` must outlive the object.
    Duties(std::vector<Duty> duties, StatusBoard& board, Stop& stop);
    /// Waits until each has seen the stop.
    ~Duties();
    Duties(const Duties&) = delete;
    Duties& operator=(const Duties&) = delete;
    Duties(Duties&&) = delete;
    Duties& operator=(Duties&&) = delete;

  private:
    static void keep(const Duty& duty, StatusBoard& board, Stop& stop);
    std::vector<Duty> duties_;
    std::vector<std::thread> threads_;
};

} // namespace ingot::firstboot
