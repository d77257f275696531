"""C++ without exceptions, with its library, as native code."""

from __future__ import annotations

from pathlib import Path

import motte
from motte.build_options import BuildOptions
from native.bare_process import built, run

PROGRAM = r"""
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct Shape {
    int size;
    explicit Shape(int given) : size(given) { std::printf("shape %d\n", size); }
    virtual ~Shape() { std::printf("no shape %d\n", size); }
    virtual int area() const { return size; }
};

struct Square : Shape {
    using Shape::Shape;
    int area() const override { return size * size; }
};

static Shape first(1);
static Square second(2);

int main()
{
    std::map<std::string, int> areas;
    std::vector<std::unique_ptr<Shape>> shapes;
    shapes.push_back(std::make_unique<Square>(5));
    shapes.push_back(std::make_unique<Shape>(6));
    for (const auto &shape : shapes)
        areas["area of " + std::to_string(shape->size)] = shape->area();
    areas["of both"] = first.area() + second.area();
    for (const auto &[name, area] : areas)
        std::printf("%s: %d\n", name.c_str(), area);
    std::vector<double> numbers{3, 1, 2};
    std::sort(numbers.begin(), numbers.end(), [](double a, double b) { return a > b; });
    std::printf("%g %g %g\n", numbers[0], numbers[1], numbers[2]);
    return 0;
}
"""


def test_cxx_prints_what_it_prints_confined(tmp_path: Path) -> None:
    path = tmp_path / "program.cpp"
    path.write_text(PROGRAM)
    confined = motte.run(path)
    done = run(built(path, options=BuildOptions(native=True)))
    assert (done.status, done.stdout) == (confined.returncode, confined.stdout)
    assert done.stdout.startswith(b"shape 1\nshape 2\n")
    assert done.stdout.endswith(b"3 2 1\nno shape 6\nno shape 5\nno shape 2\nno shape 1\n")
