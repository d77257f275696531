# Twin of reject/s1-word-push.s, without the fault.
function f
        pushq %rax
        popq %rax
        ret
end f
