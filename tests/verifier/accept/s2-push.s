# Twin of reject/s2-push.s, without the fault.
function f
        pushq %rbp
        popq %rax
        ret
end f
