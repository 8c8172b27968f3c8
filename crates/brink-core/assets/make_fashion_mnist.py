"""Creates fashion-mnist.zlib from the original files of the data set: python make_fashion_mnist.py DIRECTORY

DIRECTORY contains {train,t10k}-{images-idx3,labels-idx1}-ubyte.gz, as distributed on the site of the data set and in
the Debian package dataset-fashion-mnist (/usr/share/datasets/fashion-mnist). Requires only the Python standard library.
"""

import gzip
import pathlib
import sys
import zlib

PIXELS = 28 * 28


def first_of_each_class(directory, part, count):
    """The first `count` images of each of the ten classes and their labels, in file order."""
    images = gzip.decompress((directory / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((directory / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
    taken, chosen = [0] * 10, []
    for i, label in enumerate(labels):
        if taken[label] < count:
            taken[label] += 1
            chosen.append(i)
    return b"".join(images[i * PIXELS : (i + 1) * PIXELS] for i in chosen), bytes(labels[i] for i in chosen)


directory = pathlib.Path(sys.argv[1])
train = first_of_each_class(directory, "train", 250)
test = first_of_each_class(directory, "t10k", 50)
packed = zlib.compress(train[0] + test[0] + train[1] + test[1], 9)
(pathlib.Path(__file__).parent / "fashion-mnist.zlib").write_bytes(packed)
