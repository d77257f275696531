# Twin of reject/m1-lea-with-address-size.s, without the fault.
function f
        leal (%rax), %ecx
        ret
end f
