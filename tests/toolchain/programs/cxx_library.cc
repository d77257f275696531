/* The C++ library without exceptions: containers, strings, streams, algorithms, static objects, virtual functions.
 *
 * prints:
 * apple fig pear
 * 3 2.5 built before main
 * 9 7
 * [one line]
 * 20 ff hello     |
 * array of 4, last 16
 * destroyed
 */
#include <algorithm>
#include <array>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

static std::string early = "built before main";

struct Shape {
    virtual double area() const = 0;
    virtual ~Shape() = default;
};

struct Square : Shape {
    double side;
    explicit Square(double side) : side(side) {}
    double area() const override { return side * side; }
};

struct Farewell {
    ~Farewell() { std::cout << "destroyed\n"; }
};

int main()
{
    static Farewell farewell;
    std::vector<std::string> fruit{"pear", "apple", "fig"};
    std::sort(fruit.begin(), fruit.end());
    for (const auto &name : fruit)
        std::cout << name << (name == fruit.back() ? "\n" : " ");

    std::map<std::string, int> counts;
    for (const auto &name : fruit)
        counts[name]++;
    std::ostringstream text;
    text << counts.size() << ' ' << 2.5 << ' ' << early;
    std::cout << text.str() << std::endl;

    std::unique_ptr<Shape> shape = std::make_unique<Square>(3);
    std::function<int(int)> add = [&](int x) { return x + static_cast<int>(fruit.size()); };
    std::cout << shape->area() << ' ' << add(4) << '\n';

    std::string line;
    while (std::getline(std::cin, line))
        std::cout << '[' << line << "]\n";
    std::cout << std::stoi("20") << ' ' << std::hex << 255 << ' ' << std::left << std::setw(10) << "hello" << "|\n";

    auto *numbers = new (std::nothrow) std::array<int, 4>{1, 4, 9, 16};
    std::cout << "array of " << numbers->size() << ", last " << std::dec << numbers->back() << '\n';
    delete numbers;
    return 0;
}
