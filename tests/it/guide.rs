//! The trees that AWS's guide leads to, unchanged: planned, applied, planned again, destroyed; what a plan of each says is
//! kept in `fixtures/guide/golden`.

use std::path::{Path, PathBuf};

use amgctl::sandbox::Version;

use crate::support::{Ran, World, on};

/// Where the dashboards of the accelerator are published.
const PUBLISHED: &str = "https://raw.githubusercontent.com/aws-observability/aws-observability-accelerator";

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/guide")
}

/// Claims that a plan says what is kept of it; with `UPDATE=1` it is kept.
#[track_caller]
fn is_golden(w: &World, ran: &Ran, name: &str) {
    let file = guide().join("golden").join(name);
    let plain = |text: &str| {
        let url = &w.sandbox.running().url;
        text.replace(url.as_str(), "http://sandbox").replace(&guide().display().to_string(), "fixtures/guide")
    };
    let said = format!("{}{}", plain(&ran.out), plain(&ran.err));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &said).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(said, kept, "{} (UPDATE=1 keeps it anew)", file.display());
}

/// The life of a tree, from its first plan to its end: what is made, and the titles of the dashboards.
#[track_caller]
fn lives(w: &World, arguments: &str, name: &str, objects: usize, titles: &[&str]) {
    let run = |verb: &str, more: &str| w.amgctl(&format!("{verb} {arguments} {more}"));
    let plan = run("plan", "--detailed-exitcode");
    plan.exits(2).writes_nothing();
    is_golden(w, &plan, name);
    run("apply", "--auto-approve").exits(0).says(&format!("{objects} added"));
    run("plan", "--detailed-exitcode").exits(0).says("No changes.");
    let all = w.read("/api/search?type=dash-db&limit=1000").unwrap();
    let mut found: Vec<&str> = all.as_array().unwrap().iter().filter_map(|one| one["title"].as_str()).collect();
    found.retain(|title| !title.starts_with("amgctl"));
    found.sort_unstable();
    assert_eq!(found, titles);
    run("destroy", "--auto-approve").exits(0).says(&format!("{objects} destroyed"));
}

/// The dashboards that both published sets of variables name.
const SIX: [&str; 6] = [
    "Kubernetes / Compute Resources / Cluster",
    "Kubernetes / Compute Resources / Namespace (Workloads)",
    "Kubernetes / Compute Resources / Node (Pods)",
    "Kubernetes / Compute Resources / Workload",
    "Kubernetes / Kubelet",
    "Node Exporter / Nodes",
];

#[test]
fn the_accelerators_tree_lives_with_the_variables_of_terraform() {
    on(Version::V12_4, |w| {
        let (guide, map) = (guide(), format!("{PUBLISHED}/v0.2.0/"));
        let (tree, dashboards) = (guide.join("accelerator-v0.3.2"), guide.join("accelerator"));
        let arguments = format!(
            "{} --stack guide --from-flux {} --url-map {map}={}",
            tree.display(),
            guide.join("terraform.yaml").display(),
            dashboards.display()
        );
        lives(w, &arguments, "terraform.txt", 10, &SIX);
        // The tree of main has two dashboards more, and nobody gives the module's values for them.
        let main = arguments.replace("accelerator-v0.3.2", "accelerator");
        w.amgctl(&format!("plan {main}"))
            .exits(3)
            .says("the variable `GRAFANA_KSH_DASH_URL` has no value")
            .says("the variable `GRAFANA_KCM_DASH_URL` has no value")
            .says("2 errors");
    });
}

#[test]
fn the_accelerators_tree_lives_with_the_variables_of_the_cdk() {
    on(Version::V12_4, |w| {
        let guide = guide();
        let arguments = format!(
            "{} --stack guide --var-file {} --var AMG_AWS_REGION=eu-west-1 --var AMG_ENDPOINT_URL=https://g-0123456789.grafana-workspace.eu-west-1.amazonaws.com \
             --var AMP_ENDPOINT_URL=https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-0123/ --url-map {PUBLISHED}/main/={}",
            guide.join("accelerator/artifacts/grafana-operator-manifests/eks/infrastructure").display(),
            guide.join("cdk-values.json").display(),
            guide.join("accelerator").display()
        );
        let mut titles = [&SIX[..], &["EKS Controller Manager", "EKS Scheduler"]].concat();
        titles.sort_unstable();
        lives(w, &arguments, "cdk.txt", 12, &titles);
    });
}

#[test]
fn the_sample_of_the_blog_lives() {
    on(Version::V12_4, |w| {
        let tree = guide().join("blog");
        let prefix = "https://raw.githubusercontent.com/aws-samples/containers-blog-maelstrom/main/";
        let variables = format!(
            "AMG_AWS_REGION=eu-west-1\nAMG_ENDPOINT_URL=https://g-0123456789.grafana-workspace.eu-west-1.amazonaws.com\n\
             AMP_ENDPOINT_URL=https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-0123/\n\
             GRAFANA_NODEEXP_DASH_URL={prefix}grafana-operator-AMG/dashboards/nodeexporter-nodes.json\n"
        );
        w.write("cluster-vars.env", &variables);
        // The ConfigMap with the variables is made by a script, and not in the tree.
        w.amgctl(&format!("plan {} --stack blog", tree.display()))
            .exits(3)
            .says("the ConfigMap `cluster-vars`, which variables come from, is not here");
        let arguments = format!(
            "{} --stack blog --var-file stack/cluster-vars.env --url-map {prefix}={}",
            tree.display(),
            tree.display()
        );
        lives(w, &arguments, "blog.txt", 3, &["Grafana Operator - Node Exporter / Nodes"]);
    });
}
