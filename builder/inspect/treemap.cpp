#include "builder/inspect/treemap.hpp"

#include <algorithm>
#include <cstddef>

namespace ingot::builder::inspect {

namespace {

/// The worst ratio of sides in a row of areas with this sum, smallest and largest, along a side.
double worst_ratio(double sum, double smallest, double largest, double side) {
    const auto square = side * side;
    return std::max(square * largest / (sum * sum), sum * sum / (square * smallest));
}

/// Places the row along the shorter side of `left` and takes its strip away from there.
void place(const std::vector<double>& areas, std::size_t begin, std::size_t end, double sum, Rect& left,
           std::vector<Rect>& placed) {
    const bool upright = left.width >= left.height;
    const auto side = upright ? left.height : left.width;
    const auto thickness = side > 0 ? sum / side : 0;
    double offset = 0;
    for (auto i = begin; i < end; ++i) {
        const auto length = thickness > 0 ? areas[i] / thickness : 0;
        placed[i] = upright ? Rect{left.x, left.y + offset, thickness, length}
                            : Rect{left.x + offset, left.y, length, thickness};
        offset += length;
    }
    if (upright) {
        left.x += thickness;
        left.width = std::max(0.0, left.width - thickness);
    } else {
        left.y += thickness;
        left.height = std::max(0.0, left.height - thickness);
    }
}

} // namespace

std::vector<Rect> treemap(const std::vector<double>& weights, const Rect& area) {
    std::vector<Rect> placed(weights.size(), Rect{area.x, area.y, 0, 0});
    double total = 0;
    for (const auto weight : weights) { total += std::max(0.0, weight); }
    if (total <= 0 || area.width <= 0 || area.height <= 0) { return placed; }
    std::vector<double> areas;
    std::vector<std::size_t> index;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] <= 0) { continue; }
        areas.push_back(weights[i] * area.width * area.height / total);
        index.push_back(i);
    }
    std::vector<Rect> row_placed(areas.size());
    Rect left = area;
    for (std::size_t begin = 0; begin < areas.size();) {
        const auto side = std::min(left.width, left.height);
        double sum = areas[begin];
        double smallest = sum;
        double largest = sum;
        auto end = begin + 1;
        for (; end < areas.size(); ++end) {
            const auto next = areas[end];
            const auto with = worst_ratio(sum + next, std::min(smallest, next), std::max(largest, next), side);
            if (with > worst_ratio(sum, smallest, largest, side)) { break; }
            sum += next;
            smallest = std::min(smallest, next);
            largest = std::max(largest, next);
        }
        place(areas, begin, end, sum, left, row_placed);
        begin = end;
    }
    for (std::size_t i = 0; i < index.size(); ++i) { placed[index[i]] = row_placed[i]; }
    return placed;
}

} // namespace ingot::builder::inspect
