"""The peer of `npm run bench:train`: Duet's DAT model and both of its losses in PyTorch, on the CPU.

Reads one JSON request a line on stdin and answers each with one JSON line, so that the harness can take turns with other
contenders. Needs Debian's python3-torch and libopenblas0-pthread; no other package.

    pytorch_two_tower.py DATA_FOLDER     user.i32, item.i32 (one positive each), user-feature.i32, item-feature.i32
    pytorch_two_tower.py                 without data: only {"do": "check"} and {"do": "matmul"}

Requests:
    {"do": "open", "model": {...}, "options": {...}}   builds the model; options are listed at `DEFAULTS`
    {"do": "train", "seconds": s}                      trains for s seconds: {"steps", "examples", "items", "seconds", "loss"}
    {"do": "profile", "seconds": s}                    the same under torch.profiler: {"ops": [{name, ms, calls}]} per step
    {"do": "vectors", "folder"}                        writes p of all users and items: user.f32, item.f32
    {"do": "memory"}                                   {"rssMb", "peakMb"}
    {"do": "about"}                                    {"torch", "blas", "threads"}
    {"do": "matmul", "m", "k", "n", "seconds"}         {"gflops", "error"}
    {"do": "check", "model", "params", "feeds"}        {"loss", "gradients"}: what one step computes, on given numbers
"""

import array
import ctypes
import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

# What is done differently without changing the result; the harness takes the fastest.
DEFAULTS = {
    # torch.set_num_threads, and OpenBLAS's own pool.
    "threads": 1,
    "blasThreads": 1,
    # Ids and augmented vectors of a side in one table of double width: one lookup and one sparse update instead of two.
    "merged": True,
    # The small feature tables with dense gradients, in the dense optimiser.
    "smallDense": True,
    # Softmax: this many rows of the scores at a time, so that they stay in cache; 0: F.cross_entropy over all of them.
    "block": 128,
    # "dense" compares every row with every column; "sorted" finds the few repeats by sorting.
    "mask": "sorted",
    # torch.jit.script for the towers.
    "script": False,
    # Adam over lists of tensors.
    "foreach": False,
}


class Tower(nn.Module):
    """FC layers with ReLU between and an L2-normalised output: [n, in] → [n, last]."""

    def __init__(self, width, layers):
        super().__init__()
        sizes = [width, *layers]
        stack = []
        for i in range(len(layers)):
            stack += [nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU()]
        self.stack = nn.Sequential(*stack[:-1])

    def forward(self, x):
        return F.normalize(self.stack(x), dim=1, eps=1e-6)


def sigmoid_loss(users, items, temperature):
    """Cross entropy of one positive and S own negatives per user; items: B positives, then S for each user."""
    batch = users.shape[0]
    negative = items[batch:].view(batch, -1, items.shape[1])
    positive_logits = (users * items[:batch]).sum(1) / temperature
    negative_logits = torch.bmm(negative, users.unsqueeze(2)).squeeze(2) / temperature
    total = F.softplus(-positive_logits).sum() + F.softplus(negative_logits).sum()
    return total / items.shape[0]


def repeats_dense(keys, batch):
    same = keys[:batch].unsqueeze(1) == keys.unsqueeze(0)
    same.fill_diagonal_(False)
    return same


def repeats_sorted(keys, batch):
    """(row, column) of every repeat of a row's positive in another column."""
    ordered, order = keys.sort()
    own = keys[:batch]
    low = torch.searchsorted(ordered, own)
    count = torch.searchsorted(ordered, own, right=True) - low
    row = torch.arange(batch).repeat_interleave(count)
    before = (count.cumsum(0) - count).repeat_interleave(count)
    column = order[torch.arange(row.shape[0]) - before + low.repeat_interleave(count)]
    other = row != column
    return row[other], column[other]


class BlockedSoftmax(torch.autograd.Function):
    """The loss of `softmax_loss` a block of rows at a time, with its gradient on the way, so that scores stay in cache."""

    @staticmethod
    def forward(ctx, users, items, log_q, keys, temperature, block):
        batch = users.shape[0]
        row, column = repeats_sorted(keys, batch)
        starts = torch.searchsorted(row, torch.arange(0, batch + block, block)).tolist()
        scores = torch.empty(block, items.shape[0])
        user_gradient, item_gradient = torch.empty_like(users), torch.zeros_like(items)
        loss = torch.zeros(())
        for i, begin in enumerate(range(0, batch, block)):
            some = users[begin : begin + block]
            logits = torch.addmm(-log_q, some, items.t(), alpha=1 / temperature, out=scores[: some.shape[0]])
            of = slice(starts[i], starts[i + 1])
            logits[row[of] - begin, column[of]] = -1e9
            chance = torch.softmax(logits, 1)
            loss -= chance.diagonal(begin).log().sum()
            chance.diagonal(begin).sub_(1)
            torch.mm(chance, items, out=user_gradient[begin : begin + block])
            item_gradient.addmm_(chance.t(), some)
        ctx.scale = 1 / (temperature * batch)
        ctx.save_for_backward(user_gradient, item_gradient)
        return loss / batch

    @staticmethod
    def backward(ctx, gradient):
        user_gradient, item_gradient = ctx.saved_tensors
        scale = gradient * ctx.scale
        return user_gradient * scale, item_gradient * scale, None, None, None, None


def softmax_loss(users, items, log_q, keys, temperature, mask, block):
    """Softmax over the batch's positives and the shared negatives, logQ-corrected, repeats of a row's positive left out."""
    batch = users.shape[0]
    if block > 0:
        return BlockedSoftmax.apply(users, items, log_q, keys, temperature, block)
    logits = torch.addmm(-log_q, users, items.t(), alpha=1 / temperature)
    # A masked column has probability 0, so its gradient is 0 without autograd's knowing of the mask.
    if mask == "dense":
        logits.detach().masked_fill_(repeats_dense(keys, batch), -1e9)
    else:
        logits.detach()[repeats_sorted(keys, batch)] = -1e9
    return F.cross_entropy(logits, torch.arange(batch))


def mimic_loss(augmented, target, pairs):
    return (augmented - target.detach()).square().sum() / pairs


def total_loss(model, users, items, augmented_user, augmented_item, log_q=None, keys=None, mask="sorted", block=0):
    """users [B, d], items [N, d], a_u [B, d], a_v of the positives [B, d] → the loss that is minimised."""
    batch = users.shape[0]
    if model["loss"] == "sigmoid":
        entropy = sigmoid_loss(users, items, model["temperature"])
        pairs = items.shape[0]
    else:
        entropy = softmax_loss(users, items, log_q, keys, model["temperature"], mask, block)
        pairs = batch
    return (
        entropy
        + model["mimicUser"] * mimic_loss(augmented_user, items[:batch], pairs)
        + model["mimicItem"] * mimic_loss(augmented_item, users, pairs)
    )


class Side(nn.Module):
    """One side's tables and tower. Row 0 of each table is "unknown", as in Duet."""

    def __init__(self, features, model, options):
        super().__init__()
        self.features = features
        self.dims = model["idDims"]
        augmented = model["augmentedDims"]
        rows = features.shape[0]
        self.ids = self.table(rows, self.dims + (augmented if options["merged"] else 0), True)
        self.augmented = None if options["merged"] else self.table(rows, augmented, True)
        self.feature = self.table(int(features.max()) + 1, model["featureDims"], not options["smallDense"])
        self.tower = Tower(self.dims + model["featureDims"] + augmented, model["layers"])
        if options["script"]:
            self.tower = torch.jit.script(self.tower)

    @staticmethod
    def table(rows, dims, sparse):
        table = nn.Embedding(rows, dims, sparse=sparse)
        nn.init.normal_(table.weight, std=0.05)
        return table

    def sparse(self):
        return [table.weight for table in self.modules_() if table.sparse]

    def modules_(self):
        return [table for table in (self.ids, self.augmented, self.feature) if table is not None]

    def forward(self, entities):
        """→ p [n, d] and a [n, d]."""
        feature = self.feature(self.features[entities])
        if self.augmented is None:
            both = self.ids(entities)
            return self.tower(torch.cat([both, feature], 1)), both[:, self.dims :]
        augmented = self.augmented(entities)
        return self.tower(torch.cat([self.ids(entities), feature, augmented], 1)), augmented


class Trainer:
    def __init__(self, data, model, options):
        self.model, self.options, self.data = model, options, data
        set_threads(options)
        torch.manual_seed(1)
        self.user = Side(data["userFeature"], model, options)
        self.item = Side(data["itemFeature"], model, options)
        sparse = self.user.sparse() + self.item.sparse()
        kept = {id(p) for p in sparse}
        dense = [p for side in (self.user, self.item) for p in side.parameters() if id(p) not in kept]
        self.optimizers = [
            torch.optim.SparseAdam(sparse, lr=model["tableLearningRate"]),
            torch.optim.Adam(dense, lr=model["learningRate"], foreach=options["foreach"]),
        ]
        n = data["item"].shape[0]
        count = torch.bincount(data["item"], minlength=data["items"] + 1)
        # Expected columns of a batch that hold item j: as a positive and as a shared negative.
        expected = model["batch"] * count / n + model["negatives"] / data["items"]
        self.log_q = torch.log(expected + 1e-9)
        self.order = torch.randperm(n)
        self.at = 0

    def next_batch(self):
        batch, model, data = self.model["batch"], self.model, self.data
        if self.at + batch > self.order.shape[0]:
            self.order, self.at = torch.randperm(self.order.shape[0]), 0
        chosen = self.order[self.at : self.at + batch]
        self.at += batch
        negatives = model["negatives"] * (batch if model["loss"] == "sigmoid" else 1)
        drawn = torch.randint(1, data["items"] + 1, (negatives,))
        return data["user"][chosen], torch.cat([data["item"][chosen], drawn])

    def step(self):
        user, item = self.next_batch()
        users, augmented_user = self.user(user)
        items, augmented_item = self.item(item)
        shared = {} if self.model["loss"] == "sigmoid" else {"log_q": self.log_q[item], "keys": item}
        if shared:
            shared |= {"mask": self.options["mask"], "block": self.options["block"]}
        loss = total_loss(self.model, users, items, augmented_user, augmented_item[: user.shape[0]], **shared)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()
        return loss.detach()

    def train(self, seconds, most=1 << 30):
        started = time.perf_counter()
        steps, loss = 0, torch.zeros(())
        while time.perf_counter() - started < seconds and steps < most:
            loss += self.step()
            steps += 1
        elapsed = time.perf_counter() - started
        batch, model = self.model["batch"], self.model
        items = batch + model["negatives"] * (batch if model["loss"] == "sigmoid" else 1)
        return {
            "steps": steps,
            "examples": steps * batch,
            "items": steps * items,
            "seconds": elapsed,
            "loss": loss.item() / max(1, steps),
        }

    def vectors(self, folder):
        with torch.no_grad():
            for name, side in (("user", self.user), ("item", self.item)):
                rows = torch.arange(1, side.features.shape[0])
                p = torch.cat([side(part)[0] for part in rows.split(4096)])
                with open(f"{folder}/{name}.f32", "wb") as file:
                    array.array("f", p.flatten().tolist()).tofile(file)
        return {"dims": p.shape[1]}

    def profile(self, seconds):
        self.train(seconds)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
            result = self.train(seconds)
        steps = result["steps"]
        ops = [
            {"name": e.key, "ms": e.self_cpu_time_total / 1000 / steps, "calls": e.count / steps}
            for e in sorted(profiler.key_averages(), key=lambda e: -e.self_cpu_time_total)[:24]
        ]
        return {**result, "ops": ops}


def openblas():
    """OpenBLAS as it is loaded here; None where PyTorch has another BLAS."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "blas" in line.split()[-1]}
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        if hasattr(library, "openblas_set_num_threads"):
            return library
    return None


def set_threads(options):
    torch.set_num_threads(options["threads"])
    library = openblas()
    if library is not None:
        library.openblas_set_num_threads(options["blasThreads"])


def about():
    library = openblas()
    blas = "not OpenBLAS"
    if library is not None:
        library.openblas_get_config.restype = ctypes.c_char_p
        library.openblas_get_corename.restype = ctypes.c_char_p
        core = library.openblas_get_corename().decode()
        blas = f"{library.openblas_get_config().decode().strip()}, kernels for {core}"
    return {"torch": torch.__version__, "blas": blas, "threads": torch.get_num_threads()}


def memory():
    with open("/proc/self/statm") as statm:
        rss = int(statm.read().split()[1]) * resource.getpagesize() / 1e6
    return {"rssMb": rss, "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}


def matmul(m, k, n, seconds, **options):
    set_threads({**DEFAULTS, **options})
    a, b, c = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
    torch.mm(a, b, out=c)
    error = ((a.double() @ b.double()) - c).abs().max().item() / k**0.5
    best, until = float("inf"), time.perf_counter() + seconds
    repeat = max(1, int(1e8 / (m * k * n)))
    while time.perf_counter() < until:
        started = time.perf_counter()
        for _ in range(repeat):
            torch.mm(a, b, out=c)
        best = min(best, (time.perf_counter() - started) / repeat)
    return {"gflops": 2 * m * k * n / best / 1e9, "error": error}


def check(model, params, feeds):
    """Loss and input gradients on given weights and gathered inputs, under Duet's names and layouts."""

    def numbers(values):
        return torch.tensor(values, dtype=torch.float32)

    leaf = {
        name: numbers(feeds[name]).view(-1, model[width]).requires_grad_()
        for name, width in (
            ("user", "userWidth"),
            ("item", "itemWidth"),
            ("userAugmented", "augmentedDims"),
            ("itemAugmented", "augmentedDims"),
        )
    }

    def tower(side):
        built = Tower(model[f"{side}Width"] + model["augmentedDims"], model["layers"])
        for i, layer in enumerate(built.stack[::2]):
            layer.weight.data = numbers(params[f"{side}/w{i}"]).view(layer.in_features, layer.out_features).t()
            layer.bias.data = numbers(params[f"{side}/b{i}"])
        return built(torch.cat([leaf[side], leaf[f"{side}Augmented"]], 1))

    batch = model["batch"]
    shared = {}
    if model["loss"] == "softmax":
        shared = {"log_q": numbers(feeds["logQ"]), "keys": numbers(feeds["itemKey"]).long()}
    answers = []
    for way in ({"mask": "sorted"}, {"mask": "dense"}, {"block": 5}):
        for tensor in leaf.values():
            tensor.grad = None
        users, items = tower("user"), tower("item")
        loss = total_loss(
            model, users, items, leaf["userAugmented"], leaf["itemAugmented"][:batch], **way, **shared
        )
        loss.backward()
        gradients = {name: tensor.grad.flatten().tolist() for name, tensor in leaf.items()}
        answers.append({"loss": loss.item(), "gradients": gradients})
    return {"answers": answers}


def read_data(folder):
    def column(name):
        with open(f"{folder}/{name}.i32", "rb") as file:
            return torch.frombuffer(bytearray(file.read()), dtype=torch.int32).long()

    def with_unknown(features):
        return torch.cat([torch.zeros(1, dtype=torch.long), features + 1])

    # Row 0 of every table is "unknown", so entity i has row 1 + i.
    user_feature, item_feature = column("user-feature"), column("item-feature")
    return {
        "user": column("user") + 1,
        "item": column("item") + 1,
        "userFeature": with_unknown(user_feature),
        "itemFeature": with_unknown(item_feature),
        "items": item_feature.shape[0],
    }


def main():
    data = read_data(sys.argv[1]) if len(sys.argv) > 1 else None
    trainer = None
    for line in sys.stdin:
        request = json.loads(line)
        do = request.pop("do")
        if do == "open":
            trainer = Trainer(data, request["model"], {**DEFAULTS, **request.get("options", {})})
            answer = about()
        elif do == "train":
            answer = trainer.train(request["seconds"])
        elif do in ("profile", "vectors"):
            answer = getattr(trainer, do)(**request)
        else:
            answer = {"memory": memory, "about": about, "matmul": matmul, "check": check}[do](**request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
