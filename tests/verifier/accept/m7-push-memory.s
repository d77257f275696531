# Twin of reject/m7-push-memory.s, without the fault.
function f
        pushq %rax
        popq %rax
        ret
end f
