// Squarified treemaps (Bruls, Huizing, van Wijk): areas in proportion to weights, as near to squares as can be. Pure.
#pragma once

#include <vector>

namespace ingot::builder::inspect {

struct Rect {
    double x = 0;
    double y = 0;
    double width = 0;
    double height = 0;
};

/// One rectangle for each weight, in their order. Weights are best given in falling order; those that are not
/// positive get an empty rectangle.
std::vector<Rect> treemap(const std::vector<double>& weights, const Rect& area);

} // namespace ingot::builder::inspect
