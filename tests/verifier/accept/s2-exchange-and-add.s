# Twin of reject/s2-exchange-and-add.s, without the fault.
function f
        xaddq %rax, %rbp
        ret
end f
