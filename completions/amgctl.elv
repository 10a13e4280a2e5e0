
use builtin;
use str;

set edit:completion:arg-completer[amgctl] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'amgctl'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'amgctl'= {
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand init 'Write an amgctl.yaml and the schema that editors complete it by'
            cand validate 'Check a directory without a workspace'
            cand plan 'Show what apply would change; sends nothing but reads'
            cand apply 'Make the workspace equal to the directory'
            cand destroy 'Remove everything of the stack from the workspace'
            cand unlock 'End another run''s lease on the stack early'
            cand forget 'Forget an object: leave it in the workspace and out of the record'
            cand sandbox 'Serve the embedded workspace until interrupted'
            cand schema 'Print the JSON Schema of amgctl.yaml'
            cand completions 'Print the completions of a shell'
        }
        &'amgctl;init'= {
            cand --stack 'The stack''s name; the directory''s name otherwise'
            cand --url 'The workspace''s URL'
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'amgctl;validate'= {
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'amgctl;plan'= {
            cand --url 'The workspace''s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN'
            cand --sandbox 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana'
            cand --stack 'The stack''s name, instead of the one in amgctl.yaml'
            cand --adopt 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given'
            cand --target 'Plan only this object and what it needs (may be repeated)'
            cand --replace 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)'
            cand --unprotect 'Lift the protection of this object (may be repeated)'
            cand --max-destroy 'Allow this many objects to be destroyed'
            cand --take-over-stack 'Take over the record of a stack that has another name now'
            cand --on-drift 'What to do about changes made outside when nobody is asked'
            cand --unknown-references 'What to make of references to what neither the directory nor the workspace has'
            cand --delete-adopted 'Delete adopted objects that left the directory, instead of releasing them'
            cand --send-secrets 'Send secrets although nobody knows whether they changed (with ownership: none)'
            cand --allow-empty 'Let an empty directory take the whole stack down'
            cand --take-over 'Take over a stack that was applied from another place'
            cand --detailed-exitcode 'Exit with 2 when there are changes'
            cand --destroy 'Plan to destroy the stack'
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'amgctl;apply'= {
            cand --url 'The workspace''s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN'
            cand --sandbox 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana'
            cand --stack 'The stack''s name, instead of the one in amgctl.yaml'
            cand --adopt 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given'
            cand --target 'Plan only this object and what it needs (may be repeated)'
            cand --replace 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)'
            cand --unprotect 'Lift the protection of this object (may be repeated)'
            cand --max-destroy 'Allow this many objects to be destroyed'
            cand --take-over-stack 'Take over the record of a stack that has another name now'
            cand --on-drift 'What to do about changes made outside when nobody is asked'
            cand --unknown-references 'What to make of references to what neither the directory nor the workspace has'
            cand --input 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead'
            cand --lock-timeout 'How long to wait for another run''s lease, as 30s or 10m'
            cand --parallelism 'The most writes in flight at once; fewer while the server is strained'
            cand --delete-adopted 'Delete adopted objects that left the directory, instead of releasing them'
            cand --send-secrets 'Send secrets although nobody knows whether they changed (with ownership: none)'
            cand --allow-empty 'Let an empty directory take the whole stack down'
            cand --take-over 'Take over a stack that was applied from another place'
            cand --auto-approve 'Do not ask'
            cand --yes 'Do not ask'
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'amgctl;destroy'= {
            cand --url 'The workspace''s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN'
            cand --sandbox 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana'
            cand --stack 'The stack''s name, instead of the one in amgctl.yaml'
            cand --adopt 'Take existing, unowned objects into the stack: all that the directory declares, or the addresses given'
            cand --target 'Plan only this object and what it needs (may be repeated)'
            cand --replace 'Delete this data source and make it anew where it cannot be changed in place (may be repeated)'
            cand --unprotect 'Lift the protection of this object (may be repeated)'
            cand --max-destroy 'Allow this many objects to be destroyed'
            cand --take-over-stack 'Take over the record of a stack that has another name now'
            cand --on-drift 'What to do about changes made outside when nobody is asked'
            cand --unknown-references 'What to make of references to what neither the directory nor the workspace has'
            cand --input 'Whether to ask for what is missing; with false nothing is asked and the run refuses instead'
            cand --lock-timeout 'How long to wait for another run''s lease, as 30s or 10m'
            cand --parallelism 'The most writes in flight at once; fewer while the server is strained'
            cand --delete-adopted 'Delete adopted objects that left the directory, instead of releasing them'
            cand --send-secrets 'Send secrets although nobody knows whether they changed (with ownership: none)'
            cand --allow-empty 'Let an empty directory take the whole stack down'
            cand --take-over 'Take over a stack that was applied from another place'
            cand --auto-approve 'Do not ask'
            cand --yes 'Do not ask'
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'amgctl;unlock'= {
            cand --directory 'The directory'
            cand --url 'The workspace''s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN'
            cand --sandbox 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana'
            cand --stack 'The stack''s name, instead of the one in amgctl.yaml'
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'amgctl;forget'= {
            cand --directory 'The directory'
            cand --url 'The workspace''s URL, AMGCTL_URL otherwise; its token is read from GRAFANA_TOKEN'
            cand --sandbox 'Use the embedded workspace, kept in .amgctl/sandbox.json; optionally as another version of Grafana'
            cand --stack 'The stack''s name, instead of the one in amgctl.yaml'
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'amgctl;sandbox'= {
            cand --port 'The port on loopback; any that is free otherwise'
            cand --grafana 'The version of Grafana to answer as'
            cand --latency 'Let every answer wait this long, as 20ms'
            cand --fault 'Let something go wrong, as 502@3 or busy (may be repeated)'
            cand --seed-dir 'Begin with the dashboards of a directory; its sub-directories are folders'
            cand --ephemeral 'Keep nothing on disk'
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'amgctl;schema'= {
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'amgctl;completions'= {
            cand -v 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --verbose 'Say more: what was ignored and why, JSON pointers in differences, requests and bytes at the end'
            cand --no-color 'Never use colour'
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
