# Twin of reject/m7-pop-to-the-stack.s, without the fault.
function f
        pushq %rax
        popq %rax
        ret
end f
