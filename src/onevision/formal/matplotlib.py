"""A chart as the Matplotlib script that draws it, read as a syntax tree and never run.

Allowed is what a plotting script does: import matplotlib, numpy, math (and pandas' DataFrame), assign, loop, call the plotting functions
and methods listed here. Names must be known before they are used. Files, classes, exceptions, private attributes and everything else
Python can do are refused.
"""

import ast
import warnings
from dataclasses import dataclass

from onevision.errors import InputError

MODULES = {
    "matplotlib": "mpl", "matplotlib.pyplot": "plt", "matplotlib.patches": "artist", "matplotlib.lines": "artist", "matplotlib.cm": "look",
    "matplotlib.colors": "look", "matplotlib.ticker": "look", "matplotlib.dates": "look", "matplotlib.gridspec": "look",
    "mpl_toolkits.mplot3d": "look", "numpy": "np", "math": "math", "pandas": "pd", "datetime": "time",
}  # fmt: skip
"""Modules that may be imported -> what their names stand for."""

_PYPLOT = set(
    """figure subplots subplot axes plot bar
    barh scatter pie hist hist2d hexbin boxplot violinplot fill fill_between fill_betweenx stackplot
    step stem errorbar imshow pcolormesh contour contourf quiver streamplot polar loglog semilogx semilogy plot_date eventplot broken_barh
    axhline axvline axhspan axvspan axline hlines vlines text annotate arrow table title suptitle xlabel ylabel xlim ylim xticks yticks
    xscale yscale legend grid axis margins tick_params ticklabel_format minorticks_on colorbar clim tight_layout subplots_adjust
    subplots_mosaic subplot2grid subplot_mosaic twinx twiny gca gcf sca cla clf close show savefig figtext figlegend cycler box rc
    clabel bar_label
    matshow spy triplot tripcolor ecdf stairs get_cmap set_cmap locator_params get_fignums Circle Rectangle Polygon Line2D FuncFormatter
    setp xkcd autoscale plasma viridis""".split()
)
DRAWING = set(
    """plot bar barh scatter pie hist hist2d hexbin boxplot violinplot fill fill_between fill_betweenx stackplot step stem errorbar imshow
    pcolormesh contour contourf quiver streamplot polar loglog semilogx semilogy plot_date eventplot broken_barh axhline axvline hlines
    vlines text annotate arrow table add_patch add_line add_artist matshow spy plot_surface plot_wireframe plot3D scatter3D bar3d
    stairs ecdf
    axline triplot tripcolor""".split()
)
_METHODS = _PYPLOT | DRAWING | set(
    """add_subplot add_axes add_patch add_line add_artist add_collection add_gridspec autofmt_xdate inset_axes invert_xaxis invert_yaxis
    twinx twiny view_init secondary_xaxis secondary_yaxis set get append extend items keys values index count insert reverse sort copy
    format
    join split strip lower upper title replace startswith endswith zfill rjust ljust reshape flatten ravel tolist transpose astype sum mean
    std min max cumsum cumprod argmax argmin round clip repeat dot any all capitalize subgridspec label_outer indicate_inset colors
    remove pop update add context head tail use update_layout to_numpy to_list
    sort_values groupby strftime timedelta datetime date days""".split()
)  # fmt: skip
_NUMPY = set(
    """arange linspace logspace geomspace array asarray zeros ones full eye empty zeros_like ones_like meshgrid sin cos tan arcsin arccos
    arctan arctan2 sinh cosh tanh exp log log2 log10 log1p expm1 sqrt square abs absolute power sign floor ceil round around clip where
    maximum
    minimum mean median std var sum prod cumsum cumprod min max argmin argmax argsort sort unique diff gradient histogram histogram2d
    polyfit
    polyval interp concatenate stack vstack hstack column_stack append insert repeat tile reshape ravel transpose dot outer cross
    linalg norm
    random rand randn randint normal uniform choice seed default_rng RandomState poisson exponential integers standard_normal
    permutation shuffle
    beta gamma binomial multivariate_normal pi e nan inf newaxis deg2rad rad2deg radians degrees hypot mod fmod remainder nan_to_num isnan
    cov corrcoef percentile quantile count_nonzero nonzero bincount digitize convolve trapezoid float64 float32 int64 int32 datetime64
    timedelta64 add subtract multiply divide fft roll flip fliplr flipud triu tril diag c_ r_ ogrid mgrid indices heaviside sinc cbrt
    nansum nanmean nanmax nanmin average ptp flatten astype tolist deg""".split()
)
_MATH = set(
    """pi e tau inf sin cos tan asin acos atan atan2 sqrt exp log log10 log2 pow floor ceil radians degrees hypot fabs factorial gcd
    comb""".split()
)
_BUILTINS = set(
    "abs bool dict enumerate float format int len list map max min print range reversed round set sorted str sum tuple zip".split()
)
_LOOK = {"mpl": {"rcParams", "cm", "colors", "ticker", "patches", "lines", "dates", "use", "rc", "colormaps", "gridspec", "pyplot"}}
_NODES = (
    *(ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.If, ast.With, ast.withitem, ast.Import, ast.ImportFrom),
    *(ast.alias, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Lambda, ast.Pass, ast.Call, ast.keyword, ast.Name, ast.Attribute),
    *(ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Subscript, ast.Slice, ast.Starred, ast.BinOp, ast.UnaryOp, ast.BoolOp),
    *(
        ast.Compare,
        ast.IfExp,
        ast.ListComp,
        ast.DictComp,
        ast.SetComp,
        ast.GeneratorExp,
        ast.comprehension,
        ast.JoinedStr,
        ast.FormattedValue,
    ),
    *(ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context),
)


@dataclass(frozen=True)
class Script:
    """calls: the plotting functions and methods called, in the order written."""

    calls: tuple[str, ...]


def parse(text: str) -> Script:
    """What the script calls; raises InputError for what is no Python, or no plotting script."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"matplotlib: {' '.join(str(error).split())}") from None
    for node in nodes:
        _check_node(node)
    reader = _Reader()
    try:
        reader.visit(tree)
    except RecursionError:
        raise InputError("matplotlib: expressions nest too deep") from None
    if not DRAWING & set(reader.calls):
        raise InputError("matplotlib: nothing is drawn: a call such as plt.plot(...) or ax.bar(...) was expected")
    return Script(tuple(reader.calls))


def summary(script: Script) -> str:
    """What is in it, in a few words."""
    return f"draws {', '.join(sorted(DRAWING & set(script.calls)))} in {len(script.calls)} calls"


def _check_node(node: ast.AST) -> None:
    """Refuse what no plotting script needs."""
    line = getattr(node, "lineno", 0)
    if not isinstance(node, _NODES):
        raise InputError(f"matplotlib: line {line}: {type(node).__name__.lower()} is nothing a plotting script does")
    if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
        raise InputError(f"matplotlib: line {line}: the private attribute {node.attr!r} is not touched")
    if isinstance(node, ast.FunctionDef) and (node.decorator_list or node.name in _BUILTINS):
        raise InputError(f"matplotlib: line {line}: the function {node.name!r} is decorated or hides a builtin")


class _Reader(ast.NodeVisitor):
    """Follows the names: what each stands for ("plt", "np", "value", ...), known only once it was given."""

    def __init__(self) -> None:
        self.names: dict[str, str] = dict.fromkeys(_BUILTINS, "builtin") | dict.fromkeys(("True", "False", "None"), "value")
        self.calls: list[str] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name not in MODULES:
                raise self._error(node, f"import {alias.name} is not allowed; matplotlib, numpy and math are")
            root = alias.name.partition(".")[0]
            self.names[alias.asname or root] = MODULES[alias.name if alias.asname else root]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            inner = MODULES.get(f"{node.module}.{alias.name}")
            kind = MODULES.get(node.module or "")
            if node.level or (inner is None and kind is None):
                raise self._error(node, f"from {node.module} import {alias.name} is not allowed; matplotlib, numpy and math are")
            if inner is None and kind in ("plt", "np", "math"):
                self._check_member(node, str(kind), alias.name)
            self.names[alias.asname or alias.name] = inner or "imported"

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._bind(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)
        self._bind(node.target)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._bind(node.target)
        for line in (*node.body, *node.orelse):
            self.visit(line)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if not isinstance(item.context_expr, ast.Call):
                raise self._error(node, "with needs a call such as plt.style.context(...)")
            if item.optional_vars:
                self._bind(item.optional_vars)
        for line in node.body:
            self.visit(line)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.names[node.name] = "value"
        self._function(node.args, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node.args, [node.body])

    def _function(self, arguments: ast.arguments, body: "list[ast.stmt] | list[ast.expr]") -> None:
        for default in (*arguments.defaults, *(default for default in arguments.kw_defaults if default)):
            self.visit(default)
        outer = dict(self.names)
        given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        self.names |= {argument.arg: "value" for argument in given if argument}
        for line in body:
            self.visit(line)
        self.names = outer

    def _comprehension(self, node: "ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp") -> None:
        outer = dict(self.names)
        for generator in node.generators:
            self.visit(generator.iter)
            self._bind(generator.target)
            for condition in generator.ifs:
                self.visit(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(part)
        self.names = outer

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def visit_Name(self, node: ast.Name) -> None:
        if node.id not in self.names:
            raise self._error(node, f"the name {node.id!r} is used before it is given")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.visit(node.value)
        root = self._kind(node.value)
        if root in ("plt", "np", "math", "mpl", "pd"):
            self._check_member(node, root, node.attr)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute):
            self.visit(function)
            kind = self._kind(function.value)
            if kind not in ("np", "math", "look", "time", "pd", "builtin") and not self._is_method(function.attr):
                raise self._error(node, f".{function.attr}(...) is no plotting call")
            if kind in ("plt", "value", "") or function.attr in DRAWING:
                self.calls.append(function.attr)
        elif isinstance(function, ast.Name):
            self.visit(function)
            if self.names[function.id] in ("plt", "np", "math", "mpl", "pd"):
                raise self._error(node, f"the module {function.id} is not called")
        else:
            self.visit(function)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            self.visit(argument)

    @staticmethod
    def _is_method(name: str) -> bool:
        return name in _METHODS or name in _NUMPY or name.startswith(("set_", "get_", "tick_", "add_"))

    def _kind(self, node: ast.expr) -> str:
        """What an expression's root stands for: np.random.rand is numpy's."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return self.names.get(node.id, "") if isinstance(node, ast.Name) else ""

    def _check_member(self, node: ast.AST, kind: str, name: str) -> None:
        known = {
            "plt": _PYPLOT | {"style", "cm", "rcParams", "context", "Axes", "Figure"} | _METHODS,
            "np": _NUMPY,
            "math": _MATH,
            "mpl": _LOOK["mpl"] | _PYPLOT | _METHODS,
            "pd": {"DataFrame", "Series", "date_range", "to_datetime"},
        }[kind]
        if name not in known and not name.startswith(("set_", "get_")):
            raise self._error(node, f"{name!r} is no name a plotting script takes from {kind}")

    def _bind(self, target: ast.expr) -> None:
        """The names a target gives; an attribute or an item of something known may be set too."""
        if isinstance(target, ast.Name):
            if self.names.get(target.id) in ("plt", "np", "mpl", "math", "pd"):
                raise self._error(target, f"the module {target.id} is given a new value")
            self.names[target.id] = "value"
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._bind(part)
        elif isinstance(target, ast.Starred):
            self._bind(target.value)
        else:
            self.visit(target)

    @staticmethod
    def _error(node: ast.AST, words: str) -> InputError:
        return InputError(f"matplotlib: line {getattr(node, 'lineno', 0)}: {words}")
