# Twin of reject/d4-rex-without-effect.s, without the fault.
function f
        pushq %rax
        popq %rax
        ret
end f
