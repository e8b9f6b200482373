/*
 * hnswlib (Debian's libhnswlib-dev) as a module of Python, compiled for the machine that measures: Debian's python3-hnswlib is built for any x86-64, and computes distances by SSE,
 * where the library would use AVX or AVX-512. What scripts/knn-peers.py calls of python3-hnswlib's Index, under the same names; files are the same.
 *
 *	g++ -O3 -march=native -fvisibility=hidden -shared -fPIC -pthread $(python3 -m pybind11 --includes) -o hnswlib_native.so scripts/knn-hnswlib.cc
 */
#include <atomic>
#include <memory>
#include <thread>
#include <vector>
#include <hnswlib/hnswlib.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

namespace py = pybind11;
using rows = py::array_t<float, py::array::c_style | py::array::forcecast>;

struct native {
	std::unique_ptr<hnswlib::SpaceInterface<float>> space;
	std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph;

	native(const std::string &metric, int dim)
	{
		if (metric == "l2")
			space.reset(new hnswlib::L2Space(dim));
		else
			space.reset(new hnswlib::InnerProductSpace(dim));
	}

	void init_index(size_t max_elements, size_t M, size_t ef_construction)
	{
		graph.reset(new hnswlib::HierarchicalNSW<float>(space.get(), max_elements, M, ef_construction));
	}

	void load_index(const std::string &path) { graph.reset(new hnswlib::HierarchicalNSW<float>(space.get(), path)); }
	void save_index(const std::string &path) { graph->saveIndex(path); }
	void set_ef(size_t ef) { graph->setEf(ef); }

	void add_items(rows x, int num_threads)
	{
		py::gil_scoped_release release;
		std::atomic<size_t> next(1);
		std::vector<std::thread> thread;
		size_t n = x.shape(0);
		graph->addPoint(x.data(0), 0);
		for (int t = 0; t < num_threads; t++)
			thread.emplace_back([&] {
				for (size_t i; (i = next++) < n;)
					graph->addPoint(x.data(i), i);
			});
		for (auto &t : thread)
			t.join();
	}

	py::tuple knn_query(rows q, size_t k, int)	/* on the calling thread; ids alone */
	{
		size_t n = q.shape(0);
		py::array_t<uint64_t> found({n, k});
		for (size_t i = 0; i < n; i++) {
			auto best = graph->searchKnn(q.data(i), k);
			for (size_t j = best.size(); j-- > 0; best.pop())
				*found.mutable_data(i, j) = best.top().second;
		}
		return py::make_tuple(found, py::none());
	}
};

PYBIND11_MODULE(hnswlib_native, m)
{
	py::class_<native>(m, "Index")
		.def(py::init<const std::string &, int>(), py::arg("space"), py::arg("dim"))
		.def("init_index", &native::init_index, py::arg("max_elements"), py::arg("M"), py::arg("ef_construction"))
		.def("load_index", &native::load_index)
		.def("save_index", &native::save_index)
		.def("set_ef", &native::set_ef)
		.def("add_items", &native::add_items, py::arg("data"), py::arg("num_threads"))
		.def("knn_query", &native::knn_query, py::arg("data"), py::arg("k"), py::arg("num_threads"));
}
