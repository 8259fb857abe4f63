"""Where items may stand, without a database: the rules of types over any tree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alm_workbench import resources
from alm_workbench.contexts.artifact.hierarchy import DEEPEST, Node, place_problem
from alm_workbench.mpc import ArtifactTypeDef, CompiledManifest, check, load_domain_meta

TEXT = """
@schema 2
@namespace "test"
@name "places"
@version "1.0.0"
def Workflow flow { initial: "open" states: [{id: "open", category: "todo"}] transitions: [] }
def ArtifactType epic { workflow: "flow" key_prefix: "E" children: ["story"] max_depth: 1 }
def ArtifactType story { workflow: "flow" key_prefix: "S" parents: ["epic", "story"] root: false max_depth: 3 aliases: ["tale"] }
def ArtifactType box { workflow: "flow" key_prefix: "B" }
"""

TYPES = ("epic", "story", "box", "tale", "gone")


def compiled() -> CompiledManifest:
    meta = load_domain_meta(resources.path("alm_meta", "domain_meta.yaml").read_text("utf-8"))
    found = check(TEXT, meta).compiled
    assert found is not None
    return found


PROCESS = compiled()


def kind_of(name: str) -> ArtifactTypeDef | None:
    return PROCESS.find_type(name) if name != "gone" else None


@st.composite
def trees(draw: st.DrawFn) -> list[Node]:
    """A tree, parents before children."""
    size = draw(st.integers(1, 12))
    nodes = [Node(draw(st.sampled_from(TYPES)), None)]
    nodes += [Node(draw(st.sampled_from(TYPES)), draw(st.integers(0, n - 1))) for n in range(1, size)]
    return nodes


def ways(tree: list[Node]) -> list[list[str]]:
    """The types on the way to each item of a tree, spelled out."""
    found: list[list[str]] = []
    for node in tree:
        found.append([*(found[node.parent] if node.parent is not None else []), node.type_id])
    return found


@given(st.lists(st.sampled_from(TYPES), max_size=5), trees())
def test_a_place_is_possible_when_every_rule_says_so(above: list[str], tree: list[Node]) -> None:
    """Against the rules read one by one: the edge on top, and how often each type lies on each way down."""
    kind = kind_of(tree[0].type_id)
    parent = kind_of(above[-1]) if above else None
    allowed = True
    if kind is not None and not above:
        allowed = kind.root
    elif kind is not None:
        name = parent.id if parent else above[-1]
        allowed = not kind.parents or name in kind.parents
        allowed &= parent is None or not parent.children or kind.id in parent.children
    for way in ways(tree):
        ids = [found.id if (found := kind_of(name)) else name for name in [*above, *way]]
        last = kind_of(ids[-1])
        allowed &= last is None or last.max_depth is None or ids.count(last.id) <= last.max_depth
    assert (place_problem(PROCESS, above, tree) is None) is allowed


def test_no_tree_is_deeper_than_anybody_can_read() -> None:
    """Whatever types allow, there is an end."""
    chain = [Node("box", n - 1 if n else None) for n in range(DEEPEST)]
    assert place_problem(PROCESS, (), chain) is None
    problem = place_problem(PROCESS, ("box",), chain)
    assert problem is not None
    assert problem.code == "too-deep"


def test_problems_name_what_would_do() -> None:
    """Each refusal says which types could stand there, or how deep they nest."""
    cases = {
        ((), "story"): ("root", "epic, story"),
        (("box",), "story"): ("parent-type", "epic, story"),
        (("epic",), "box"): ("child-type", "story"),
        (("epic", "story", "story", "story"), "story"): ("too-deep", "3"),
    }
    for (above, kind), (code, words) in cases.items():
        problem = place_problem(PROCESS, above, [Node(kind, None)])
        assert problem is not None
        assert (problem.code, words in problem.message) == (code, True)
