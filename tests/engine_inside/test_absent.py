"""The stand-ins of absent libraries: importable, nameable, and an error that says what to do as soon as used."""

import os
import subprocess
import sys
import textwrap

import pytest

from engine.absent import ABSENT


def run(program):
    """Runs `program` in an interpreter of its own with the stand-ins in place; returns its output."""
    source = "from engine import absent\nmissing = absent.install()\n" + textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", source],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_library_on_the_list_is_really_absent_from_this_environment():
    assert set(run("print(*sorted(missing))").split()) == set(ABSENT)


def test_a_stand_in_can_be_imported_named_and_subclassed():
    assert "fine" in run(
        """
        import typing, tensorflow as tf
        from tensorflow.keras.layers import Layer
        from slack_sdk.web.async_client import AsyncWebClient
        class Mine(Layer): size: typing.Optional[tf.Tensor] = None
        class Bot(AsyncWebClient):
            @tf.function
            def run(self, x: tf.data.Dataset) -> "tf.Tensor": ...
        print("fine")
        """
    )


@pytest.mark.parametrize(
    "use",
    [
        "import tensorflow as tf; tf.constant(1)",
        "from tensorflow.keras import Model\nclass M(Model): pass\nM()",
        "import pymongo; pymongo.MongoClient('x')",
        "import matplotlib.pyplot as plt; plt.plot([1])",
        "from boto3.dynamodb.conditions import Key; Key('a')",
    ],
)
def test_a_stand_in_that_is_used_names_the_library_and_what_to_do(use):
    program = f"""
        use = {use!r}
        try:
            exec(use)
        except absent.AbsentLibraryError as error:
            print(error)
        """
    said = run(program)
    library = use.replace("from ", "").replace("import ", "").split(".")[0].split()[0].strip(";")
    assert library in said
    assert "make pins" in said


def test_an_installed_library_is_used_as_it_is():
    assert "redis" in run("import redis; print(redis.Redis.__module__)")


def test_training_with_a_component_that_needs_tensorflow_fails_and_says_so(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "config.yml").write_text(
        "recipe: default.v1\nassistant_id: x\nlanguage: it\npipeline:\n  - name: WhitespaceTokenizer\n"
        "  - name: CountVectorsFeaturizer\n  - name: DIETClassifier\n    epochs: 1\npolicies:\n  - name: RulePolicy\n"
    )
    (tmp_path / "domain.yml").write_text('version: "3.1"\nintents: [greet, bye]\n')
    (tmp_path / "data" / "nlu.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - ciao\n    - salve\n'
        "- intent: bye\n  examples: |\n    - addio\n    - a presto\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "engine", "train", "--models", "models"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("error: keras.Model was used, but the engine runs without keras")
    assert not list(tmp_path.glob("models/*.tar.gz"))
