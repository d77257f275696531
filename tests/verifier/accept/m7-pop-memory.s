# Twin of reject/m7-pop-memory.s, without the fault.
function f
        pushq %rax
        popq %rax
        ret
end f
