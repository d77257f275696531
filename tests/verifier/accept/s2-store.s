# Twin of reject/s2-store.s, without the fault.
function f
        movq %rbp, %gs:(%eax)
        ret
end f
