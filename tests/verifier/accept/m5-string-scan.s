# Twin of reject/m5-string-scan.s, without the fault.
function f
        nop
        ret
end f
